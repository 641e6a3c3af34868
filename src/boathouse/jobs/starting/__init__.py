"""What starts runs besides people: schedules in Quartz cron, triggers, and the end of the last run."""
