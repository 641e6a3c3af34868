"""Keys and values as bytes: the form that online tables share, whatever the store."""
