"""Which of two texts of criticism makes more of the points that the reference makes."""
