import json
import socket
import threading
from contextlib import contextmanager

import pytest

from kerastl.serving._connections import LimitedProtocol

SOON = 60.0
ASK = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def listening(color_model):
    """Make a server that listens in a thread; a context manager that gives its port and the server."""
    from uvicorn import Config, Server

    from kerastl.serving import ServeSettings, create_app
    from kerastl.serving._server import _config, bound

    @contextmanager
    def serve(**given):
        settings = ServeSettings((("colors", str(color_model)),), port=0, reload=False, **given)
        with bound(settings.host, settings.port) as sock:
            sock.listen()
            port = sock.getsockname()[1]
            server = Server(Config(create_app(settings), **_config(settings)))
            thread = threading.Thread(target=server.run, args=([sock],))
            thread.start()
            try:
                with connected(port) as client:
                    client.sendall(ASK)
                    assert status(client) == 200
                while server.server_state.connections:
                    pass
                yield port, server
            finally:
                server.should_exit = True
                thread.join(SOON)

    return serve


@pytest.fixture
def hurry(monkeypatch):
    """Give clients a moment only, from now on, for one thing."""
    return lambda name: monkeypatch.setattr(LimitedProtocol, name, 0.05)


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=SOON)


def answer(client):
    """Status, headers and body of one answer."""
    with client.makefile("rb") as stream:
        line = stream.readline()
        if not line:
            return None
        headers = {}
        while (header := stream.readline().strip()) != b"":
            name, _, value = header.decode().partition(": ")
            headers[name.lower()] = value
        return int(line.split()[1]), headers, stream.read(int(headers["content-length"]))


def status(client):
    return answer(client)[0]


def closed(client):
    """Whether the server has closed a connection; waits for that."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def error_count(server, code):
    metrics = server.config.loaded_app.state.server.metrics
    return metrics.registry.get_sample_value("kerastl_errors_total", {"code": code})


def test_headers_that_trickle_are_given_up(listening, hurry):
    with listening() as (port, server), connected(port) as client:
        while not any(connection._timers for connection in list(server.server_state.connections)):
            pass
        hurry("head_seconds")
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert status(client) == 408
        assert closed(client)
        assert error_count(server, "slow_client") == 1


def test_a_connection_that_says_nothing_is_closed(listening, hurry):
    with listening() as (port, _):
        hurry("head_seconds")
        with connected(port) as client:
            assert closed(client)


def test_a_connection_that_rests_is_not_a_slow_one(listening):
    with listening() as (port, server), connected(port) as client:
        client.sendall(ASK)
        assert status(client) == 200
        while not any(connection.resting for connection in list(server.server_state.connections)):
            pass
        (connection,) = [each for each in server.server_state.connections if each.resting]
        assert connection._timers == {}


@pytest.mark.parametrize("head", [b"X: " + b"x" * 400_000, b"X: x\r\n" * 100_000], ids=["one long", "many"])
def test_headers_without_end_are_refused(listening, head):
    with listening() as (port, server), connected(port) as client:
        try:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            client.sendall(head)
            assert status(client) == 400
        except ConnectionError:  # what was not read before it was closed
            pass
        assert closed(client)
        assert error_count(server, "bad_http") >= 1


def test_a_body_that_trickles_is_given_up(listening):
    with listening(timeout=0.05) as (port, _), connected(port) as client:
        client.sendall(b"POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n")
        client.sendall(b"Content-Length: 1000\r\n\r\nx")
        assert status(client) == 408
        assert closed(client)


def test_the_rest_of_a_refused_body_is_waited_for_a_moment_only(listening, hurry):
    hurry("rest_seconds")
    with listening() as (port, _), connected(port) as client:
        client.sendall(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx")
        assert status(client) == 404
        assert closed(client)


def test_one_connection_too_many_is_told_so(listening):
    with listening(max_connections=1) as (port, server), connected(port) as first, connected(port) as second:
        first.sendall(b"GET / HTTP/1.1\r\n")
        while len(server.server_state.connections) < 2:
            pass
        second.sendall(ASK)
        code, headers, body = answer(second)
        assert code == 503
        assert json.loads(body)["code"] == "too_many_connections"
        assert (headers["retry-after"], headers["connection"]) == ("2", "close")
        assert closed(second)
        first.sendall(ASK.partition(b"\r\n")[2])
        assert status(first) in (200, 404)  # the page, where there is one


def test_many_connections_too_many_are_cut(listening):
    with listening(max_connections=1) as (port, server), connected(port) as first, connected(port) as second:
        while len(server.server_state.connections) < 2:
            pass
        with connected(port) as third:
            assert closed(third)
        for each in (first, second):
            each.sendall(ASK)
        assert sorted([status(first), status(second)]) == [200, 503]


def test_a_connection_that_rests_makes_room(listening):
    with listening(max_connections=1) as (port, _), connected(port) as first:
        first.sendall(ASK)
        assert status(first) == 200
        with connected(port) as second:
            second.sendall(ASK)
            assert status(second) == 200
            assert closed(first)


def test_who_sends_no_more_is_gone(listening, red_png):
    with listening() as (port, server), connected(port) as client:
        client.sendall(ASK[:-2])
        client.shutdown(socket.SHUT_WR)
        assert closed(client)
        while server.server_state.connections:
            pass


def test_who_reads_no_answers_is_cut(listening, hurry):
    hurry("rest_seconds")
    with listening() as (port, _), socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        client.settimeout(SOON)
        client.connect(("127.0.0.1", port))
        with pytest.raises(ConnectionError):
            ask_without_end(client)


def ask_without_end(client):
    """Ask until all buffers are full, and the server loses its patience."""
    while True:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")


def test_what_is_no_http_is_refused(listening):
    with listening() as (port, _), connected(port) as client:
        client.sendall(b"\x16\x03\x01 what TLS begins with\r\n\r\n")
        assert status(client) == 400
        assert closed(client)


def test_who_connected_just_before_the_end_is_refused_in_words(listening, monkeypatch):
    monkeypatch.setattr(LimitedProtocol, "last_seconds", SOON)
    with listening() as (port, server), connected(port) as client:
        while not server.server_state.connections:
            pass
        (connection,) = server.server_state.connections
        before = connection._timers["head"]
        server.config.loaded_app.state.server.draining = True
        server.should_exit = True
        while connection._timers.get("head") is before:
            pass
        client.sendall(ASK)
        assert status(client) == 503
        assert closed(client)
