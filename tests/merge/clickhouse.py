# SPDX-License-Identifier: MIT
"""A ClickHouse server for a test."""

import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request


class ClickHouse:
    """A server of our own on the loopback, in our own folder. Ports that were free may be somebody else's when it takes them: then it ends,
    and is started once more with others. By its password nobody else's server answers in its place."""

    def __init__(self, folder):
        os.makedirs(folder)
        self.folder, self.password, self.starts = folder, os.urandom(16).hex(), 0
        users = ('<yandex><profiles><default><max_memory_usage>500000000</max_memory_usage></default></profiles><users><default>'
                 '<password>%s</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>'
                 '</users><quotas><default></default></quotas></yandex>' % self.password)
        with open(folder + '/users.xml', 'w') as f:
            f.write(users)
        self.start()

    def start(self):
        folder = self.folder
        self.starts += 1
        with socket.socket() as one, socket.socket() as two:
            for s in one, two:
                s.bind(('127.0.0.1', 0))
            self.port, other = one.getsockname()[1], two.getsockname()[1]
        config = ('<yandex><logger><level>warning</level><log>%s/log</log><errorlog>%s/err</errorlog></logger><http_port>%d</http_port>'
                  '<tcp_port>%d</tcp_port><listen_host>127.0.0.1</listen_host><path>%s/data/</path><tmp_path>%s/tmp/</tmp_path>'
                  '<mark_cache_size>5000000</mark_cache_size><users_config>users.xml</users_config><default_profile>default</default_profile>'
                  '<default_database>default</default_database></yandex>' % (folder, folder, self.port, other, folder, folder))
        with open(folder + '/config.xml', 'w') as f:
            f.write(config)
        self.server = subprocess.Popen(['clickhouse-server', '--config-file=' + folder + '/config.xml'], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, sql, body=b'', settings='', seconds=120):
        url = 'http://127.0.0.1:%d/?%spassword=%s&query=%s' % (self.port, settings, self.password, urllib.parse.quote(sql))
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=seconds) as answer:
            return answer.read().decode()

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.server.poll() is not None:
                if self.starts == 5:
                    return False
                self.start()
            try:
                return self.ask('SELECT 1', seconds=5) == '1\n'
            except OSError:
                time.sleep(0.05)
        return False

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(60)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
