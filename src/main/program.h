/* The program: from the command line to an exit status. */
#ifndef WSCRM_MAIN_PROGRAM_H
#define WSCRM_MAIN_PROGRAM_H

/* argv[0] is the program's name. */
int program_run(int argc, char *const *argv);

#endif
