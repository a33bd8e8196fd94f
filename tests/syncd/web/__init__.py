"""The pages as a client on the network sees them."""
