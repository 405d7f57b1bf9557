"""How long a plan takes when every call of AWS takes its time."""
