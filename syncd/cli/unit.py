"""The systemd unit: the daemon may reach the network and its own state, and nothing else."""

from __future__ import annotations

from pathlib import Path

_UNIT = """\
# syncd under systemd: copy to /etc/systemd/system/, then: systemctl enable --now syncd
# For a key that is encrypted at rest: systemd-creds encrypt --name=token-key {home}/key {home}/key.cred
# and write LoadCredentialEncrypted=token-key:{home}/key.cred in the place of LoadCredential=token-key.
[Unit]
Description=syncd: calendars in, sessions out
Documentation=man:systemd.exec(5)
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type=notify
NotifyAccess=main
ExecStart={script} run
# Reads config.toml again. The credential is a copy that systemd makes at the start: after a change of
# {home}/config.toml use `systemctl restart syncd`, which loses nothing.
ExecReload=/bin/kill -HUP $MAINPID
WatchdogSec=120
TimeoutStartSec=5min
# The daemon ends within ten seconds; its readers end with it, and must not be told before it.
KillMode=mixed
TimeoutStopSec=20
Restart=on-failure
RestartSec=5
DynamicUser=yes
StateDirectory=syncd
StateDirectoryMode=0700
# A mark of how far the database had come, apart from the state: a restored backup is noticed by it.
CacheDirectory=syncd
CacheDirectoryMode=0700
UMask=0077
LoadCredential=config.toml:{home}/config.toml
LoadCredential=token-key:{home}/key
Environment=SYNCD_CONFIG=%d/config.toml
# Credentials are read-only: what config.toml names by a relative path is looked for beside it.
Environment=SYNCD_DATABASE__URL=sqlite:///%S/syncd/syncd.db
MemoryMax=2G
OOMPolicy=continue
TasksMax=128
LimitNOFILE=4096
LimitCORE=0
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateTmp=yes
PrivateUsers=yes
PrivateMounts=yes
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# The kernel's own wall round private networks. A calendar server or a resolver inside the school
# needs its address here too: IPAddressAllow=192.168.1.5
IPAddressDeny=link-local multicast 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7

[Install]
WantedBy=multi-user.target
"""


def unit(home: Path, script: str) -> str:
    """Return the unit that runs *script* with the configuration and the key in *home*."""
    return _UNIT.format(home=str(home).replace("%", "%%"), script=script.replace("%", "%%"))
