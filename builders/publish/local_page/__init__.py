"""What the local pages share: where they are served, how they look, the keys, and the notebook of what people say."""
