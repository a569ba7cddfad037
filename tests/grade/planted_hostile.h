/*
 * What a hostile submission does in its tanh, chosen by the name hostile.WHAT. All of it is bounded, so that a sandbox
 * that does not hold costs the tester some seconds and no more.
 */
#ifndef PLANTED_HOSTILE_H
#define PLANTED_HOSTILE_H

#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void hostile_forks(void)
{
    for (int i = 0; i < 200; i++) {
        if (fork() == 0) {
            sleep(20);
            _exit(0);
        }
    }
    sleep(20);
}

static void hostile_memory(void)
{
    /* Where others could see it: clang leaves out allocations that are not used. */
    static char *volatile taken;
    for (size_t megabytes = 0; megabytes < 3000; megabytes += 10) {
        taken = malloc(10 << 20);
        if (taken == NULL) {
            abort();
        }
        memset(taken, 1, 10 << 20);
    }
}

/* To every descriptor there may be: the replies' among them. */
static void hostile_descriptors(void)
{
    static const char line[] = "nobody reads this\n";
    for (int descriptor = 0; descriptor < 256; descriptor++) {
        ssize_t ignored = write(descriptor, line, sizeof line - 1);
        (void)ignored;
    }
}

static void hostile_flood(int first, int last, size_t bytes)
{
    static char block[1 << 16];
    memset(block, 'x', sizeof block);
    for (size_t done = 0; done < bytes; done += sizeof block) {
        for (int descriptor = first; descriptor <= last; descriptor++) {
            ssize_t ignored = write(descriptor, block, sizeof block);
            (void)ignored;
        }
    }
}

/* 1 where the sandbox lets out what it should keep in: then tanh is wrong. */
static int hostile_escapes(const char *mistake)
{
    if (strcmp(mistake, "hostile.network") == 0) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(0x7f000001)}};
        int found = socket(AF_INET, SOCK_DGRAM, 0);
        struct sockaddr_in outside = address;
        outside.sin_addr.s_addr = htonl(0x08080808);
        return found >= 0 && connect(found, (struct sockaddr *)&outside, sizeof outside) == 0;
    }
    if (strcmp(mistake, "hostile.files") == 0) {
        static const char *const places[] = {"planted",      "/submission/planted", "/usr/planted", "/planted",
                                             "/etc/planted", "/run/planted",        "/dev/planted"};
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            int made = open(places[i], O_WRONLY | O_CREAT, 0600);
            if (made >= 0) {
                return 1;
            }
        }
        return access("/etc/passwd", R_OK) == 0 || access("/root", R_OK) == 0 || access("/home", R_OK) == 0;
    }
    return 0;
}

static void hostile_act(const char *mistake, size_t count, double *y)
{
    if (strncmp(mistake, "hostile.", 8) != 0) {
        return;
    }
    if (strcmp(mistake, "hostile.crash") == 0) {
        y = NULL;
        *(volatile double *)y = (double)count;
    } else if (strcmp(mistake, "hostile.loop") == 0) {
        for (volatile int forever = 1; forever;) {
        }
    } else if (strcmp(mistake, "hostile.forks") == 0) {
        hostile_forks();
    } else if (strcmp(mistake, "hostile.memory") == 0) {
        hostile_memory();
    } else if (strcmp(mistake, "hostile.descriptors") == 0) {
        hostile_descriptors();
    } else if (strcmp(mistake, "hostile.output") == 0) {
        hostile_flood(3, 64, (size_t)2 << 30);
    } else if (strcmp(mistake, "hostile.errors") == 0) {
        hostile_flood(2, 2, (size_t)2 << 30);
    } else if (strcmp(mistake, "hostile.killed") == 0) {
        kill(getpid(), SIGKILL);
    } else if (strcmp(mistake, "hostile.exit") == 0) {
        exit(0);
    } else if (strcmp(mistake, "hostile.outside") == 0) {
        y[count] = 1.0;
    }
}

static void hostile_spoil(const char *mistake, size_t count, double *y)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(mistake, "hostile.nan") == 0) {
            y[i] = NAN;
        } else if (hostile_escapes(mistake)) {
            y[i] = 42.0;
        }
    }
}

#endif
