"""A pretend AWS account: moto, taught to behave where it does not."""
