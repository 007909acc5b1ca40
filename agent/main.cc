#include "agent/cli.h"

int main(int argc, char** argv) { return static_cast<int>(agent::run_cli(argc, argv)); }
