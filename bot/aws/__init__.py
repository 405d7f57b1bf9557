"""Amazon Web Services: the only package that knows boto3."""
