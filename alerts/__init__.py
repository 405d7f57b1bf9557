"""From a CloudWatch alarm to one incident, one thread, and the right person."""
