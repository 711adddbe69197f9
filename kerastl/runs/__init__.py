"""What every long run needs: a folder, its state on disk, a way to stop it, somebody who listens, rows kept on disk."""
