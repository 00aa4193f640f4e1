// What standard output can show.
#pragma once

namespace winnow::cmd {

struct Terminal {
  int width = 100;      // columns; 100 where output is no terminal, so that files look the same everywhere
  bool colour = false;  // only on a terminal, and not with NO_COLOR
  int height = 0;       // rows; 0 where output is no terminal
};

Terminal terminal();

}  // namespace winnow::cmd
