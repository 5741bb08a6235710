"""`python -m engine.doors.cli`: the command where its script is not on the path."""

from engine.doors.cli.command import main

main(prog_name="vitrine")
