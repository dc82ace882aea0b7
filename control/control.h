/* SPDX-License-Identifier: MIT */
/*
 * The few messages between crashctl and the daemon: one JSON object each, over SOCK_SEQPACKET.
 *
 * On the socket that crashctl run hands to its private daemon (--notify-fd):
 *   daemon  {"type": "captured" | "reported" | "delivery", "id", "state", "error"?}
 *           captured: safe on disk. reported: state "local", "queued" (it will be sent) or
 *           "failed"; event.json, report.txt and summary.json are there. delivery: state "sent",
 *           "queued" (not yet; error says why) or "failed".
 *   client  {"type": "status"}; the daemon answers {"type": "status", "receiving", "captured",
 *           "outbox"}, counts of crashes.
 *   client  {"type": "flush"}: takes what hooks left in the drop directory and tries all uploads
 *           now; answered once by {"type": "flushed", ...} as status, when no crash is on its way
 *           any more, or the rest will not be sent for long (refused or limited by the server).
 *           The client waits for it as long as it likes.
 * The daemon ends when the client closes its end.
 *
 * On control.sock beside the hook socket, answers are filtered by the kernel's word on who asks:
 * root and group crashd see everything, others their own crashes.
 *   client  {"type": "list"}, {"type": "delivery"}, {"type": "debuginfod"}
 *   daemon  {"type": "row", "row": {...}} for each, then {"type": "end"}
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#define CONTROL_CAPTURED   "captured"
#define CONTROL_REPORTED   "reported"
#define CONTROL_DELIVERY   "delivery"
#define CONTROL_DEBUGINFOD "debuginfod"
#define CONTROL_STATUS     "status"
#define CONTROL_FLUSH      "flush"
#define CONTROL_FLUSHED    "flushed"
#define CONTROL_LIST       "list"
#define CONTROL_ROW        "row"
#define CONTROL_END        "end"

#define CONTROL_SOCKET_NAME "control.sock"
#define CONTROL_GROUP       "crashd"

enum { CONTROL_MESSAGE_MAX = 128 * 1024 };

#endif
