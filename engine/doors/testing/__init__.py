"""For tests of applications: the mock, and what its fixtures give."""
