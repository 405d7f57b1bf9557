"""How soon people read of alarms, one at a time and in a storm, and what a storm costs in calls to Slack."""
