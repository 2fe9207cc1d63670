#include "main/process.h"
#include "main/program.h"

int main(int argc, char **argv)
{
    process_open_standard_streams();
    return program_run(argc, argv);
}
