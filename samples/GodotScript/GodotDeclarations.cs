namespace Godot;

// The members of Godot 4's C# API that the sample uses, declared as its documentation has them, without anything behind them.
#pragma warning disable CA1024, CA1707, CA1711, CA1716, CA1720, CA1822

[AttributeUsage(AttributeTargets.Property)]
public sealed class ExportAttribute : Attribute;

public class Node
{
    public virtual void _Ready()
    {
    }
}

public class TextureRect : Node
{
    public Texture2D Texture { get; set; } = new();
}

public class Texture2D
{
    public Image GetImage() => throw new NotSupportedException();
}

public class ImageTexture : Texture2D
{
    public static ImageTexture CreateFromImage(Image image) => throw new NotSupportedException();
}

public class Image
{
    public enum Format
    {
        Rgba8 = 5,
    }

    public static Image CreateFromData(int width, int height, bool useMipmaps, Format format, byte[] data) => throw new NotSupportedException();

    public int GetWidth() => throw new NotSupportedException();

    public int GetHeight() => throw new NotSupportedException();

    public byte[] GetData() => throw new NotSupportedException();

    public bool IsCompressed() => throw new NotSupportedException();

    public int Decompress() => throw new NotSupportedException();

    public void Convert(Format format) => throw new NotSupportedException();
}
