"""How models of each library are loaded and asked, one file per library. None of them imports MLflow."""
