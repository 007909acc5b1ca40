#include <sys/stat.h>

#include <csignal>

#include "agent/system/cli.h"
#include "agent/system/version.h"
#ifdef HOLDFAST_WALK
#include "agent/walk/walk_main.h"
#endif

int main(int argc, char** argv) {
#ifdef HOLDFAST_WALK
  if (agent::is_walk(argc, argv)) return agent::walk_main(argc, argv);
#endif
  agent::load_nothing_if_static();
  // A write beyond the limit of the user ('ulimit -f') fails like any other, and is told.
  std::signal(SIGXFSZ, SIG_IGN);
  // Directories 0750 and files 0640, whoever calls us.
  ::umask(S_IWGRP | S_IRWXO);
  return static_cast<int>(agent::run_cli(argc, argv));
}
