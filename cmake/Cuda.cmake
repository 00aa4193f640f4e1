message(STATUS "cuda: later")
