# SPDX-License-Identifier: MIT
"""A ClickHouse server for a test."""

import os
import socket
import subprocess
import time
import urllib.parse
import urllib.request


class ClickHouse:
    """A server of our own on the loopback, in our own folder."""

    def __init__(self, folder):
        os.makedirs(folder)
        self.port, other = self.free(), self.free()
        config = ('<yandex><logger><level>warning</level><log>%s/log</log><errorlog>%s/err</errorlog></logger><http_port>%d</http_port>'
                  '<tcp_port>%d</tcp_port><listen_host>127.0.0.1</listen_host><path>%s/data/</path><tmp_path>%s/tmp/</tmp_path>'
                  '<mark_cache_size>5000000</mark_cache_size><users_config>users.xml</users_config><default_profile>default</default_profile>'
                  '<default_database>default</default_database></yandex>' % (folder, folder, self.port, other, folder, folder))
        users = ('<yandex><profiles><default><max_memory_usage>500000000</max_memory_usage></default></profiles><users><default>'
                 '<password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>'
                 '</users><quotas><default></default></quotas></yandex>')
        for name, text in (('config.xml', config), ('users.xml', users)):
            with open(folder + '/' + name, 'w') as f:
                f.write(text)
        self.server = subprocess.Popen(['clickhouse-server', '--config-file=' + folder + '/config.xml'], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @staticmethod
    def free():
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            return s.getsockname()[1]

    def ask(self, sql, body=b'', settings=''):
        url = 'http://127.0.0.1:%d/?%squery=%s' % (self.port, settings, urllib.parse.quote(sql))
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=30) as answer:
            return answer.read().decode()

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.server.poll() is None:
            try:
                return self.ask('SELECT 1') == '1\n'
            except OSError:
                time.sleep(0.05)
        return False

    def stop(self):
        self.server.terminate()
        try:
            self.server.wait(20)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
