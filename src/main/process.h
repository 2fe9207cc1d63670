/* What the server asks of its process: memory, descriptors. */
#ifndef WSCRM_MAIN_PROCESS_H
#define WSCRM_MAIN_PROCESS_H

/* Before threads. */
void process_tune_memory(void);
/* Raises `ulimit -n` to the hard limit, and warns in the log when that is too low for `connections`. */
void process_raise_descriptors(int connections);

#endif
