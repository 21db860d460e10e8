"""Access: who may open the panel."""
