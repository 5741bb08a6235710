"""What a training tells of itself: a log, figures of held-out products, a picture of both."""
