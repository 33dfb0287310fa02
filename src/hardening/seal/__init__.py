"""Evidence that proves itself: manifests in a chain, signed so that OpenSSH and sha256sum alone can check them."""
