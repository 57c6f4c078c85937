"""What several stages share: configuration, file formats, and how a script behaves."""
