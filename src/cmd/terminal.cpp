#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace winnow::cmd {

Terminal terminal() {
  Terminal result;
  if (!::isatty(STDOUT_FILENO)) return result;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    result.width = size.ws_col, result.height = size.ws_row;
  const char* dumb = std::getenv("TERM");
  const char* off = std::getenv("NO_COLOR");
  result.colour = !(off && *off) && dumb && std::strcmp(dumb, "dumb") != 0;
  return result;
}

}  // namespace winnow::cmd
