"""The configuration: read, validated, and written as a JSON schema."""
