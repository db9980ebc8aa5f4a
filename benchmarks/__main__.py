"""The door of `python -m benchmarks`; processes that are started from here pass it and import nothing."""

if __name__ == "__main__":
    import sys

    from benchmarks._command import main

    main(sys.argv[1:])
