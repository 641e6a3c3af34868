// Instants in the reader's zone, for every component that shows one.
{
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

  const bhTime = {
    local: (at) => format.format(new Date(at)),
    utc: (at) => new Date(at).toISOString().replace("T", " ").slice(0, 19) + " UTC",
    ago(at) {
      const seconds = (at - Date.now()) / 1000;
      for (const [unit, size] of UNITS)
        if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
      return relative.format(Math.round(seconds), "second");
    },
  };
  window.bhTime = bhTime;
}
