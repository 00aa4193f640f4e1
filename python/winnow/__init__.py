"""The Python side of winnow: `winnow.results` reads a store into pandas."""
