# Sourced by the findings: pinned packages in the folder that they have made and stand in, and the comparison with what was recorded.

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1

# npm_packages NAME@VERSION…: installs exactly these, without running their scripts.
npm_packages() {
    npm init --yes > /dev/null
    npm install --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error "$@" > npm.log 2>&1 || { cat npm.log >&2; exit 2; }
    echo "packages: $*; node $(node --version)"
}

# dotnet_packages NAME@VERSION…: a console program with exactly these.
dotnet_packages() {
    export NUGET_PACKAGES=${NUGET_PACKAGES:-$PWD/nuget} # set it to a folder that lasts, to fetch packages once for several findings
    {
        echo '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework>'
        echo '<ImplicitUsings>enable</ImplicitUsings><AssemblyName>finding</AssemblyName>'
        echo '<InvariantGlobalization>true</InvariantGlobalization>'
        echo '<RuntimeIdentifier>linux-x64</RuntimeIdentifier><SelfContained>false</SelfContained></PropertyGroup><ItemGroup>'
        for package in "$@"; do echo "<PackageReference Include=\"${package%@*}\" Version=\"[${package##*@}]\" />"; done
        echo '</ItemGroup></Project>'
    } > finding.csproj
    echo "packages: $*; .NET SDK $(dotnet --version)"
}

# dotnet_run: builds and runs the program that comes on standard input.
dotnet_run() {
    cat > Program.cs
    dotnet build --configuration Release --output built --disable-build-servers -verbosity:quiet finding.csproj \
        > build.log 2>&1 || { cat build.log >&2; exit 2; }
    dotnet built/finding.dll
}

# recorded SEEN MEANING: compares SEEN with the recorded output on standard input; MEANING is the sentence for the day when they differ.
recorded() {
    local before
    before=$(cat)
    echo "$1"
    if [ "$1" = "$before" ]; then
        echo "As recorded."
    else
        echo "CHANGED: $2 Recorded was:" >&2
        echo "$before" >&2
        exit 1
    fi
}
