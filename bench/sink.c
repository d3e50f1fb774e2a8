/* An SMTP server that takes everything, keeps nothing, and is never the bottleneck of a measurement.
 *
 *   cc -O2 -o sink bench/sink.c && ./sink EXTENSION...      e.g. ./sink PIPELINING 8BITMIME CHUNKING
 *
 * Prints its port on loopback, serves until SIGTERM or LIFETIME_S, then prints the messages and octets taken.
 * One thread, epoll. Commands are answered as they come, so clients may write ahead (RFC 2920).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 18, REPLIES_BYTES = 1 << 14, EVENTS = 64, LIFETIME_S = 600 };
enum state { COMMAND, DATA, CHUNK };

struct connection {
    int fd;
    enum state state;
    long missing;   /* octets of the chunk that are still to come */
    int is_last;    /* the chunk ends its message */
    int line_start; /* DATA: the next octet to look at begins a line */
    size_t length;
    size_t replies_length;
    char buffer[BUFFER_BYTES];
    char replies[REPLIES_BYTES];
};

static volatile sig_atomic_t is_stopped;
static long messages, octets;
static char hello[512] = "250-sink\r\n";

static void stop(int signal_number) {
    (void)signal_number;
    is_stopped = 1;
}

static void say(struct connection *c, const char *reply) {
    size_t n = strlen(reply);
    if (c->replies_length + n > REPLIES_BYTES) return; /* a client that reads nothing gets nothing more */
    memcpy(c->replies + c->replies_length, reply, n);
    c->replies_length += n;
}

static int starts(const char *line, const char *verb) { return !strncasecmp(line, verb, 4); }

static void begin_chunk(struct connection *c, const char *argument) {
    char *rest;
    c->missing = strtol(argument, &rest, 10);
    c->is_last = !strncasecmp(rest, " LAST", 5);
    c->state = CHUNK;
}

/* Answers one command; 0 ends the connection. */
static int obey(struct connection *c, const char *line) {
    if (starts(line, "EHLO")) {
        say(c, hello);
    } else if (starts(line, "DATA")) {
        say(c, "354 go on\r\n");
        c->state = DATA;
        c->line_start = 1;
    } else if (starts(line, "BDAT")) {
        begin_chunk(c, line + 4);
    } else if (starts(line, "QUIT")) {
        say(c, "221 bye\r\n");
        return 0;
    } else {
        say(c, "250 fine\r\n");
    }
    return 1;
}

static void end_message(struct connection *c) {
    messages++;
    c->state = COMMAND;
    say(c, "250 taken\r\n");
}

/* Takes a chunk's octets from `at` on; gives the place behind them. */
static size_t take_chunk(struct connection *c, size_t at) {
    long here = (long)(c->length - at) < c->missing ? (long)(c->length - at) : c->missing;
    octets += here;
    c->missing -= here;
    if (c->missing) return at + here;
    if (c->is_last) {
        end_message(c);
    } else {
        c->state = COMMAND;
        say(c, "250 more\r\n");
    }
    return at + here;
}

/* Takes lines up to the final dot; keeps what may be the beginning of it. */
static size_t take_data(struct connection *c, size_t at) {
    char *from = c->buffer + at, *end = c->buffer + c->length, *dot;
    if (c->line_start && end - from >= 3 && !memcmp(from, ".\r\n", 3)) {
        end_message(c);
        return at + 3;
    }
    if (c->line_start && end - from < 3) return at;
    dot = memmem(from, end - from, "\r\n.\r\n", 5);
    if (dot) {
        octets += dot + 2 - from;
        end_message(c);
        return dot + 5 - c->buffer;
    }
    if (end - from <= 4) return at;
    octets += end - from - 4;
    c->line_start = 0;
    return c->length - 4;
}

/* Works through what has come; 0 ends the connection. */
static int serve(struct connection *c) {
    size_t at = 0, before;
    int is_open = 1;
    do {
        before = at;
        enum state state = c->state;
        if (state == COMMAND) {
            char *line = c->buffer + at, *end = memchr(line, '\n', c->length - at);
            if (!end) break;
            *end = 0;
            is_open = obey(c, line);
            at = end + 1 - c->buffer;
        } else {
            at = state == CHUNK ? take_chunk(c, at) : take_data(c, at);
        }
    } while (is_open && at < c->length && at != before);
    memmove(c->buffer, c->buffer + at, c->length - at);
    c->length -= at;
    return is_open;
}

static void welcome(int epoll, int listener) {
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    struct connection *c = fd < 0 ? NULL : calloc(1, sizeof *c);
    if (!c) return;
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event interest = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest);
    if (write(fd, "220 sink\r\n", 10) < 0) perror("write");
}

static void attend(struct connection *c) {
    ssize_t n = read(c->fd, c->buffer + c->length, BUFFER_BYTES - c->length);
    int is_open = n > 0 || (n < 0 && errno == EAGAIN);
    if (n > 0) {
        c->length += n;
        is_open = serve(c);
    }
    if (c->replies_length && write(c->fd, c->replies, c->replies_length) < 0) is_open = 0;
    c->replies_length = 0;
    if (is_open) return;
    close(c->fd);
    free(c);
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (void *)&address, size) || listen(listener, 512)) {
        perror("sink");
        exit(1);
    }
    getsockname(listener, (void *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **words) {
    struct epoll_event interest = {.events = EPOLLIN}, events[EVENTS];
    struct sigaction on_stop = {.sa_handler = stop};
    for (int i = 1; i < count && strlen(hello) < 400; i++)
        strcat(strcat(strcat(hello, "250-"), words[i]), "\r\n");
    strcat(hello, "250 HELP\r\n");
    sigaction(SIGTERM, &on_stop, NULL);
    sigaction(SIGALRM, &on_stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    alarm(LIFETIME_S);
    int listener = listen_on_loopback(), epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &interest);
    while (!is_stopped) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) attend(events[i].data.ptr);
            else welcome(epoll, listener);
        }
    }
    printf("%ld %ld\n", messages, octets);
    return 0;
}
