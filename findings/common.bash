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

# libtorch_loader: adds the class Libtorch, whose Load() makes TorchSharp usable.
libtorch_loader() {
    cat > Libtorch.cs <<'CS'
using System.Runtime.InteropServices;

internal static class Libtorch
{
    /// <summary>TorchSharp 0.107.0's library asks for a symbol version that Debian 12's libstdc++ lacks, and uses nothing of it: there the
    /// need is marked as weak.</summary>
    public static void Load()
    {
        foreach (var name in new[] { "libgomp-98b21ff3.so.1", "libc10.so", "libtorch_cpu.so", "libtorch.so" })
            NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, name));
        var path = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        if (NativeLibrary.TryLoad(path, out _)) return;
        uint hash = 0;
        foreach (var letter in "GLIBCXX_3.4.32")
        {
            hash = (hash << 4) + letter;
            hash = (hash ^ ((hash & 0xf0000000) >> 24)) & 0x0fffffff;
        }
        var library = File.ReadAllBytes(path);
        library[library.AsSpan().IndexOf(BitConverter.GetBytes(hash)) + 4] |= 2;
        File.Delete(path);
        File.WriteAllBytes(path, library);
        NativeLibrary.Load(path);
    }
}
CS
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
