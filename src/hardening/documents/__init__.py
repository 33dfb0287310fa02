"""Files that people write: strict YAML with places, and validation whose errors name the line. The home of yaml."""
