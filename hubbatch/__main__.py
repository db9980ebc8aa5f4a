"""`python -m hubbatch`: the command line."""

from hubbatch.cli import main

if __name__ == "__main__":
    main()
