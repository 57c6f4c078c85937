"""What a new zoo is drafted with: questions, checks, costs, and YAML with comments."""
