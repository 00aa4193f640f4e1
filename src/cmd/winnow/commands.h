// The subcommands of `winnow`: one file each, named after the command. `main` gives each the command line from its own
// name on (argv[0] is "plan") and turns what they throw into one line and an exit code.
#pragma once

namespace winnow::cmd {

int make_new(int argc, char** argv);
int plan(int argc, char** argv);
int simulate_run(int argc, char** argv);
int try_out(int argc, char** argv);
int run(int argc, char** argv);
int status(int argc, char** argv);
int add(int argc, char** argv);
int cancel(int argc, char** argv);
int retry(int argc, char** argv);
int report(int argc, char** argv);
int show(int argc, char** argv);
int pack(int argc, char** argv);
int fsck(int argc, char** argv);
int store(int argc, char** argv);
int data(int argc, char** argv);
int method(int argc, char** argv);
int cache(int argc, char** argv);
int model(int argc, char** argv);
int doctor(int argc, char** argv);

}  // namespace winnow::cmd
