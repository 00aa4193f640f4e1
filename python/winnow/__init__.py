"""The Python side of winnow: `winnow.trainer` for methods of one's own, `winnow.results` reads a store into pandas."""
