"""What every package of kerastl uses and no user needs: files, text, processes, downloads, lazy names."""
