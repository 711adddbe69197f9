"""What every part of the house uses and no user needs: files, text, processes, downloads, lazy names."""
