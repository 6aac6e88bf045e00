import { KERNELS, systemNameInSh } from "../release/targets.ts";

/** A system as a page names it: `Linux (x64)`. */
export function titleOf(system: string): string {
  const [name = "", ...processor] = system.split("-");
  const kernel = Object.entries(KERNELS).find(([known]) => known === name);
  return `${kernel?.[1].title ?? name} (${processor.join(", ")})`;
}

/** The executable's name within `bin/`. */
export function executableName(system: string): string {
  return `sftp-${system}${system.startsWith("windows") ? ".exe" : ""}`;
}

const PROGRAM_SH = `here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
${systemNameInSh()}
program=$here/source/dist/sftp
[ -f "$program" ] || program=$here/bin/sftp-$system
if [ ! -f "$program" ]; then
  echo "There is no program for this system ($system) in $here/bin." >&2
  tool=
  for name in npm bun; do
    if [ -z "$tool" ] && command -v "$name" >/dev/null 2>&1; then tool=$name; fi
  done
  if [ -z "$tool" ]; then
    echo "Install Node (with npm) or Bun, and start this again: it is built then, from source." >&2
    echo "Or put the file sftp of the release's archive for this system here, as" >&2
    echo "  $here/bin/sftp-$system" >&2
    exit 1
  fi
  echo "It is built from source now, by $tool, which fetches Bun the first time ..." >&2
  (cd "$here/source" && "$tool" run build >&2) || exit 1
  program=$here/source/dist/sftp
fi
# Some programs that unpack archives forget what can be run.
[ -x "$program" ] || chmod +x "$program"
`;

const SERVER_SH = `#!/bin/sh
# Serves the folder server/ beside this file: ./server.sh [PORT] [FLAGS]
${PROGRAM_SH}
case "\${1:-}" in
  '' | -*) ;;
  *)
    port=$1
    shift
    set -- --port "$port" "$@"
    ;;
esac
exec "$program" serve --root "$here/server" "$@"
`;

const CLIENT_SH = `#!/bin/sh
# Starts the client on the folder client/ beside this file: ./client.sh [ADDRESS]
${PROGRAM_SH}
exec "$program" connect --root "$here/client" "$@"
`;

const PROGRAM_CMD = `setlocal
set "HERE=%~dp0"
set "SYSTEM=windows-x64"
if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" set "SYSTEM=windows-arm64"
set "PROGRAM=%HERE%source\\dist\\sftp.exe"
if not exist "%PROGRAM%" set "PROGRAM=%HERE%bin\\sftp-%SYSTEM%.exe"
if not exist "%PROGRAM%" goto missing
`;

const MISSING_CMD = `:missing
echo There is no program for this system (%SYSTEM%) in "%HERE%bin". 1>&2
set "TOOL="
where bun >nul 2>&1 && set "TOOL=bun"
where npm >nul 2>&1 && set "TOOL=npm"
if "%TOOL%"=="" goto no_tool
echo It is built from source now, by %TOOL%, which fetches Bun the first time ... 1>&2
pushd "%HERE%source"
call %TOOL% run build 1>&2
popd
set "PROGRAM=%HERE%source\\dist\\sftp.exe"
if exist "%PROGRAM%" goto start
pause
exit /b 1

:no_tool
echo Install Node (with npm) or Bun, and start this again: it is built then, from source. 1>&2
echo Or put the file sftp.exe of the release's archive for this system here, as 1>&2
echo   "%HERE%bin\\sftp-%SYSTEM%.exe" 1>&2
pause
exit /b 1
`;

const SERVER_CMD = `@echo off
rem Serves the folder server beside this file: server.cmd [PORT] [FLAGS]
${PROGRAM_CMD}

:start
set "FIRST=%~1"
if "%FIRST%"=="" goto no_port
if "%FIRST:~0,1%"=="-" goto no_port
rem What is given begins with the port.
"%PROGRAM%" serve --root "%HERE%server" --port %*
exit /b %ERRORLEVEL%

:no_port
"%PROGRAM%" serve --root "%HERE%server" %*
exit /b %ERRORLEVEL%

${MISSING_CMD}`;

const CLIENT_CMD = `@echo off
rem Starts the client on the folder client beside this file: client.cmd [ADDRESS]
${PROGRAM_CMD}
:start
"%PROGRAM%" connect --root "%HERE%client" %*
exit /b %ERRORLEVEL%

${MISSING_CMD}`;

/** What starts the two programs, by name. */
export const LAUNCHERS: Readonly<Record<string, string>> = {
  "server.sh": SERVER_SH,
  "client.sh": CLIENT_SH,
  "server.cmd": SERVER_CMD.replaceAll("\n", "\r\n"),
  "client.cmd": CLIENT_CMD.replaceAll("\n", "\r\n"),
};
