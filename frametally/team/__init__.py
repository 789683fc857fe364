"""What a team shares besides its jobs: notes, saved models, videos, services. Each change asks who makes it."""
