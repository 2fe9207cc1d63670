/* What the server asks of its process: memory, descriptors. */
#ifndef WSCRM_MAIN_PROCESS_H
#define WSCRM_MAIN_PROCESS_H

/* Opens what of the three standard streams is closed on /dev/null: else a file of ours would get such a
 * number, and a message would go into it. First of all. */
void process_open_standard_streams(void);
/* Before threads. */
void process_tune_memory(void);
/* Raises `ulimit -n` to the hard limit, and warns in the log when that is too low for `connections`. */
void process_raise_descriptors(int connections);

#endif
