#include "outcome.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::cmd {

namespace {

int report(int code, const std::string& said) {
  std::string message = one_line(said);
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, message.c_str());
  return code;
}

}  // namespace

std::string one_line(std::string message) {
  if (std::size_t stack = message.find("Exception raised from "); stack != std::string::npos) message.resize(stack);
  for (char& c : message)
    if (c == '\n' || c == '\r') c = ' ';
  while (!message.empty() && message.back() == ' ') message.pop_back();
  return printable(message);
}

int guarded(const std::function<int()>& body) {
  try {
    return body();
  } catch (const UsageError& error) {
    return report(kUsage, error.what());
  } catch (const DataError& error) {
    return report(kUsage, error.what());
  } catch (const Error& error) {
    return report(kBroken, error.what());
  } catch (const std::bad_alloc&) {
    return report(kBroken, "out of memory");
  } catch (const std::filesystem::filesystem_error& error) {  // its own words name a function of the library
    return report(kBroken, error.path1().string() + ": " + error.code().message());
  } catch (const std::system_error& error) {
    // fmt says "file" of any stream; what a command prints goes to standard output.
    bool printing = std::ferror(stdout) && std::string_view(error.what()).starts_with("cannot write to file");
    return report(kBroken, printing ? "cannot write to standard output: " + error.code().message() : error.what());
  } catch (const std::exception& error) {
    return report(kBroken, error.what());
  }
}

}  // namespace winnow::cmd
