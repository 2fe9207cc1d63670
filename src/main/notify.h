/* What systemd is told (sd_notify(3)), when it asked for it with $NOTIFY_SOCKET. */
#ifndef WSCRM_MAIN_NOTIFY_H
#define WSCRM_MAIN_NOTIFY_H

/* "READY=1", "STOPPING=1" … Does nothing, quietly, when nobody listens. */
void notify(const char *state);
/* RELOADING=1 with the time that Type=notify-reload wants; READY=1 ends it. */
void notify_reloading(void);

#endif
