"""The head of a finished run that goes on learning and forgetting, from the features that were kept."""
