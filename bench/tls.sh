#!/bin/bash
#
# Part of bench/run, which reads it: handshakes with certificates from the hub.

tls_names=10000
tls_threads=16

# server name that each contestant is asked by
declare -A tls_sni=([static]=localhost [named]=www.example.com)


# NAME: a line of a curl configuration that stores the pair under /tls/NAME.
tls_data() {
    printf '{"name":"/tls/%s","type":"certificate","value":{%s}}' "$1" \
        "$tls_value" | sed 's/\\/\\\\/g; s/"/\\"/g; s/^/data="/; s/$/"\n/'
}


# FIRST LAST: stores names by those numbers with the demo hub, which runs.
tls_store() {
    local number

    for ((number = $1; number <= $2; number++)); do
        [ "$number" -eq "$1" ] || echo next
        printf '%s\n' cert=client.pem key=client.key cacert=ca.pem silent fail \
            show-error output=/dev/null http1.1 noproxy=* request=PUT \
            'header="Content-Type: application/json"' \
            "url=https://localhost:$port/api/v1/data"
        tls_data "$([ "$number" -eq 1 ] && echo "${tls_sni[named]}" \
            || echo "$number.example.com")"
    done > tls.curl

    curl -K tls.curl || fail "no certificates"
}


# A pair of each, of the same kind; one of them is in the hub.
make_tls() {
    local name

    for name in static named; do
        openssl req -x509 $(openssl_key ec) -nodes -keyout $name.key \
            -out $name.pem -days 30 -subj /CN=$name 2> /dev/null
    done

    tls_value=$(printf '"certificate":"%s","private_key":"%s"' \
        "$(sed 's/$/\\n/' named.pem | tr -d '\n')" \
        "$(sed 's/$/\\n/' named.key | tr -d '\n')")

    tls_store 1 1
    tell POST /api/v2/permissions '{"path":"/tls/*","actor":"edge:tls",
        "operations":["read"]}'
}


# CONTESTANT THREADS SECONDS: sets `answers` (a second) and `count`.
tls_shake() {
    local failed

    read -r answers count failed < <(taskset -c $load_core "$handshakes" \
        "localhost:${ports[$1]}" "${tls_sni[$1]}" "$2" "$3") \
        || fail "no handshakes with $1"

    [ "$failed" -eq 0 ] || fail "$failed of $count handshakes with $1 failed"
}


# Which certificate a contestant shows.
tls_check() {
    openssl s_client -connect "localhost:${ports[$1]}" \
        -servername "${tls_sni[$1]}" < /dev/null 2> /dev/null \
        | openssl x509 -noout -subject | grep -q "CN = $1" \
        || fail "$1 shows another certificate"
}


# NAME: milliseconds until a handshake with the hub's certificate has succeeded.
tls_start() {
    local begin

    begin=$(date +%s%N)
    start_server tls 1 $server_core
    tls_shake named 1 0
    printf '%s %s\n' "$1" "$((($(date +%s%N) - begin) / 1000))" >> "$data"
    tls_check named
    end_server tls
}


tls() {
    local round contestant

    data=tls.data
    : > $data

    for ((round = 0; round < rounds; round++)); do
        tls_start one
    done

    nginx -p "$dir" -e logs/error.log -c "$dir/nginx.conf"
    tls_store 2 $tls_names
    kill -QUIT "$(cat nginx.pid)"

    for ((round = 0; round < rounds; round++)); do
        tls_start many
    done

    start_server tls 1 $server_core

    for ((round = 0; round < rounds; round++)); do
        for contestant in static named; do
            measure $contestant tls tls_shake $contestant $tls_threads $seconds
        done
    done

    tls_check static
    tls_check named
    end_server tls

    printf '\n%-36s %10s %10s %7s\n' "Full TLS handshakes, P-256" \
        handshakes/s "/s of CPU" "CPU %"

    throughput_row static "certificate of a file"
    throughput_row named "certificate of the hub"
    ratio_row named static "hub / file" 0.95

    printf '\n%-36s %10s\n' "ready after milliseconds" ""
    printf '  %-34s %10.1f\n' "1 certificate in the hub" \
        "$(median 2 one | awk '{ print $1 / 1000 }')" \
        "$tls_names certificates" \
        "$(median 2 many | awk '{ print $1 / 1000 }')"
    printf '  %-34s %10.2f\n' "$tls_names / 1" "$(median 2 many one)"
}
