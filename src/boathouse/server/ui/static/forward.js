// MLflow's clients print links like http://host:port/#/experiments/1; its pages are under /mlflow/.
if (/^#\/(experiments|models|traces|prompts)/.test(location.hash)) location.replace("/mlflow/" + location.hash);
