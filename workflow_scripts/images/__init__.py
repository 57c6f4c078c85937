"""Images that several kinds read: folders, decoding, units and tasks."""
