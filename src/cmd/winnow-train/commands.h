// The subcommands of `winnow-train`: one file each. `main` gives each the command line from its own name on.
#pragma once

namespace winnow::cmd {

int serve(int argc, char** argv);
int stage(int argc, char** argv);
int golden(int argc, char** argv);
int snapshot(int argc, char** argv);
int weights(int argc, char** argv);

}  // namespace winnow::cmd
