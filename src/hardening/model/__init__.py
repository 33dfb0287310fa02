"""Values only: what the scanner talks about. No input, no output, no clock."""
