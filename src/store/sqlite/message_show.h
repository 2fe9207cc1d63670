/* Messages for people: what they say, and to whom. */
#ifndef WSCRM_STORE_SQLITE_MESSAGE_SHOW_H
#define WSCRM_STORE_SQLITE_MESSAGE_SHOW_H

#include "store/conversations.h"
#include "store/sqlite/connection.h"

/* What of a text is held by whom: until message_show_done(). */
struct shown_texts {
    sqlite3_stmt *content, *name;
};

/* Where a message's content is: its own, or a part of its task's. ERR_NOT_FOUND, ERR_STORE. */
int message_parts(struct connection *connection, int64_t id, bool *ret_own,
                  int64_t *ret_part) MUST_USE;
/* Its content; `{}` where it is gone. ERR_STORE. */
int message_content(struct connection *connection, int64_t id, struct shown_texts *texts,
                    struct str *ret_content) MUST_USE;
/* The customer's name; len 0: there is none. ERR_STORE. */
int friend_name(struct connection *connection, int64_t tenant_id, int64_t number,
                struct shown_texts *texts, struct str *ret_name) MUST_USE;
void message_show_done(struct shown_texts *texts);

/* Whether `account` is among these, which ascend. */
bool is_of_accounts(const int64_t *accounts, size_t count, int64_t account);

#endif
